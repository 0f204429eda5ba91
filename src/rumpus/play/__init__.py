"""Where body and mind meet: collect, learn, loop, evaluate."""
