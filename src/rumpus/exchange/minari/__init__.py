"""Minari: a dataset in the HDF5 layout of Minari 0.5, out of a memory and into one.

A dataset is a folder with `data/metadata.json` and `data/main_data.hdf5`. An episode of N steps
has N observations and the N - 1 moves between them; `infos` are as long as the observations, and
there every step keeps what Minari has no place for, so that a memory comes back as it went. Needs
the extra `exchange` (h5py): without, importing this is a ModuleNotFoundError.
"""
