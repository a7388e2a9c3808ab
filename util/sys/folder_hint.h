/* folder_hint.h: advice to the file system about folders. */
#ifndef UTIL_SYS_FOLDER_HINT_H
#define UTIL_SYS_FOLDER_HINT_H

/* Folders that are made below path from now on have little to do with each other: they may lie far apart on the disk (chattr(1),
 * attribute T). So files come and go in a part of the disk that is their own. Only advice: nothing follows if it isn't taken. */
void folder_hint_spread(const char *path);
#endif
