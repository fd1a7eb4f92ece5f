"""What one request asks for, and what is believed of its answer."""
