// Before anything is drawn: the theme that was chosen here. Without it the reader's own preference holds.
"use strict";
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* storage may be off; the preference of the system will do */ }
