/* Version of the firmware: that of the whole project. */
#ifndef TG_VERSION_H
#define TG_VERSION_H

#define TG_VERSION "0.1.0"

#endif
