"""Where things lie in a Minari dataset."""

METADATA, DATA = "data/metadata.json", "data/main_data.hdf5"


def key(sensor: str) -> str:
    """A sensor's name as HDF5 can hold it: "/" would begin a folder, "." is one."""
    if sensor in ("", "."):
        return "%2E" if sensor else "%"
    return sensor.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
