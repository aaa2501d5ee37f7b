"""The pages in a real Chromium, on the whole product."""
