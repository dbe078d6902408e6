"""Work that a scheduler outside starts, such as a Container Apps job."""
