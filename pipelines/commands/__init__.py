"""The `variorum` command, one module a group of commands; slow imports happen inside the functions."""
