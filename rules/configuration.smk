import os
import re
import sys

SHIPPED_CONFIG = str(workflow.current_basedir.join("../config/config.yaml"))
LIBRARY = str(workflow.current_basedir.join("../scripts"))

if LIBRARY not in sys.path:
    sys.path.insert(0, LIBRARY)


# A file given with --configfile stands alone; a working folder without a config gets the shipped one.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml" if os.path.exists("config/config.yaml") else SHIPPED_CONFIG
