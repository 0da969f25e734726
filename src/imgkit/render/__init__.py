"""From saved facts to what people and programs read: JSON and its schema, text for terminals."""
