"""The README is true: its blocks run, its commands exist, its picture is what the console draws."""
