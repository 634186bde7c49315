// Makes silica-in-imagej.png, from the top folder of the repository:
//   xvfb-run -a -s "-screen 0 1500x900x24" nanoseg-fiji macro --display docs/images/silica-in-imagej.ijm
open("examples/silica.tif");
source = getImageID();
run("Segment Particles...", "model=em-particles diameter=0 crop_bottom=64 manager=true results=true summary=false");
selectImage(source);
setLocation(10, 130, 940, 760);
RoiManager.useNamesAsLabels(false);
roiManager("Set Color", "yellow");
roiManager("Show All without labels");
selectWindow("ROI Manager");
setLocation(960, 110);
selectWindow("Results");
Table.setLocationAndSize(960, 420, 530, 470);
selectImage(source);
wait(5000); // until all windows are painted
run("Capture Screen");
saveAs("PNG", "docs/images/silica-in-imagej.png");
