"""A network as a file of plain PyTorch, without vggdsl in it; written without PyTorch."""
