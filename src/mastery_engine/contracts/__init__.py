"""What crosses the wire: schemas, codecs, and the models of requests and responses."""
