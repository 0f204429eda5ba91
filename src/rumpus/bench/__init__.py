"""Tries how well what tells success from pictures withstands who is after its belief."""
