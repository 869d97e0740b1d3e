// Command program does nothing: it stands for the programs of an image.
package main

func main() {}
