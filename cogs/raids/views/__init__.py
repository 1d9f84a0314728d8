"""What people see and press at raids: the board, the leaders' panel, ticks, imports."""
