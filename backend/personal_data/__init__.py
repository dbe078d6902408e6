"""What is personal in what the desk shows, and how it is masked. Pure but for `names`, which reads the casebook."""
