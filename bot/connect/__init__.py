"""`trellis connect`: makes or puts right what a platform has to know of Trellis, and says what is left to do."""
