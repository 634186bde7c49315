"""Pixel size of a micrograph: from what the microscope has written, or from the scale bar burnt in.

(The diameter of the particles, by which a micrograph is rescaled for the network, is another thing:
`nanoseg_fiji.segmentation.scale`.)
"""
