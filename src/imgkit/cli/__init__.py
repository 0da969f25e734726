"""The command line: words in, words out. The only room that prints, draws and exits."""
