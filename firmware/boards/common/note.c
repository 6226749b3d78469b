/* By this an image is known as firmware for a board, so that it is not flashed onto another. */
const char tg_image_note[] = "tinygesture-image:" TG_BOARD_NAME;
