"""A made-up system whose partners send feeds as real partners do, with the truth beside them."""
