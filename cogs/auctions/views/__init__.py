"""What people see and press: the board everybody shares, and each person's private panel."""
