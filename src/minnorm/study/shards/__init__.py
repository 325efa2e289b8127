"""What is done: a shard trained or solved, and measured."""
