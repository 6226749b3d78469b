/* Second stage of the boot: RP2040 data sheet, section 2.8.1.3.
 *
 * The boot ROM copies the first 256 bytes of the flash into RAM and runs them when their last word is the
 * right checksum of the others. They set the flash up to be read in place, with the plain read command (03h)
 * that every SPI flash knows, and start the firmware behind them. They are words rather than instructions to
 * a compiler: the checksum (CRC-32 of polynomial 04C11DB7h from FFFFFFFFh, not reflected) holds for exactly
 * these bytes.
 */
#include <stdint.h>

/* SSI: section 4.10.13. Offsets from 18000000h. */
__asm(".section .boot2, \"ax\", %progbits\n"
      ".syntax unified\n"
      ".thumb\n"
      ".balign 4\n"
      "tg_boot2:\n"
      "    push  {lr}\n"          /* 0 when the boot ROM calls */
      "    ldr   r3, boot2_ssi\n" /* 18000000h */
      "    movs  r1, #0\n"
      "    str   r1, [r3, #0x08]\n" /* SSIENR: off */
      "    movs  r1, #4\n"
      "    str   r1, [r3, #0x14]\n" /* BAUDR: clk_sys / 4 */
      "    ldr   r1, boot2_ctrlr0\n"
      "    str   r1, [r3, #0x00]\n" /* CTRLR0: 32 bits a frame, read after command and address */
      "    movs  r1, #0\n"
      "    str   r1, [r3, #0x04]\n" /* CTRLR1: one frame */
      "    ldr   r1, boot2_spi_ctrlr0\n"
      "    movs  r2, #0xF4\n"
      "    str   r1, [r3, r2]\n" /* SPI_CTRLR0: command 03h, 8 bits; address of 24 bits */
      "    movs  r1, #1\n"
      "    str   r1, [r3, #0x08]\n" /* SSIENR: on */
      "    pop   {r0}\n"
      "    cmp   r0, #0\n"
      "    beq   1f\n"
      "    bx    r0\n"
      "1:  ldr   r0, boot2_vectors\n"
      "    ldr   r1, boot2_vtor\n"
      "    str   r0, [r1]\n"
      "    ldmia r0!, {r1, r2}\n"
      "    msr   msp, r1\n"
      "    bx    r2\n"
      ".balign 4\n"
      "boot2_ssi:        .word 0x18000000\n"
      "boot2_ctrlr0:     .word 0x001F0300\n" /* DFS_32 = 31, TMOD = EEPROM read */
      "boot2_spi_ctrlr0: .word 0x03000218\n" /* XIP_CMD = 03h, INST_L = 8 bits, ADDR_L = 24 bits */
      "boot2_vectors:    .word 0x10000100\n"
      "boot2_vtor:       .word 0xE000ED08\n"
      "    .org  tg_boot2 + 252, 0\n"
      "    .word 0x6F7AB2E3\n");
