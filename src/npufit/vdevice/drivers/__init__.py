"""One module for each driver that is answered; its name is the driver's. `make_device` in it is all that others use."""
