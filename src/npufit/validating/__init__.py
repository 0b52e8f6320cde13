"""accuracy: predicted times against public measurements of networks that the fit had not seen."""
