"""Tests in a real browser. A package, so that its module `jupyterlab` hides no other."""
