// A Raspberry Pi Pico in rp2040js, started from a UF2 file as the boot ROM would.
import { ConsoleLogger, GPIOPinState, LogLevel, RP2040 } from 'rp2040js';

const FLASH = 0x10000000;
const BOOT2_AT = 0x20041f00;
const BOOT2_SIZE = 256;
const FAMILY = 0xe48bff56;

/** Blocks of a UF2 file: where they go and their bytes. Throws on any that is not for an RP2040. */
export function readUf2(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at) => view.getUint32(at, true);
  const blocks = [];
  for (let at = 0; at < bytes.length; at += 512) {
    const magic = [word(at), word(at + 4), word(at + 508)];
    if (magic[0] !== 0x0a324655 || magic[1] !== 0x9e5d5157 || magic[2] !== 0x0ab16f30) throw new Error('no UF2 block');
    if ((word(at + 8) & 0x2000) === 0 || word(at + 28) !== FAMILY) throw new Error('a UF2 block of another family');
    if (word(at + 20) !== blocks.length || word(at + 24) !== bytes.length / 512) throw new Error('UF2 blocks missing');
    blocks.push({ address: word(at + 12), data: bytes.subarray(at + 32, at + 32 + word(at + 16)) });
  }
  return blocks;
}

/** The boot ROM's checksum: RP2040 data sheet, section 2.8.1.3.1. */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

/** The watchdog has run out. What a chip does then, rp2040js leaves to others: here the run ends. */
export class WatchdogBite extends Error {}

export class Pico {
  constructor(uf2) {
    this.mcu = new RP2040();
    this.mcu.logger = new ConsoleLogger(LogLevel.Error, true);
    this.clock = this.mcu.clock;
    this.light = 0;
    this.lit = 0;
    this.asleepNs = 0;
    for (const { address, data } of readUf2(uf2)) this.mcu.flash.set(data, address - FLASH);
    this.mcu.gpio[25].addListener((state) => {
      this.light = state === GPIOPinState.High ? 1 : 0;
      this.lit += this.light;
    });
    this.mcu.peripherals[0x40058].onWatchdogTrigger = () => {
      throw new WatchdogBite('the watchdog was not fed');
    };
    // A reset asked for by the firmware (ARMv6-M B3.2.6), which rp2040js does not carry out.
    const write = this.mcu.ppb.writeUint32.bind(this.mcu.ppb);
    this.mcu.ppb.writeUint32 = (offset, value) => {
      if (offset === 0xd0c && value === 0x05fa0004) this.wantsReset = true;
      else write(offset, value);
    };
    this.boot();
  }

  /** What the boot ROM does with a flash that holds a program: checks its second stage and runs it from RAM. */
  boot() {
    const { mcu } = this;
    const { core } = mcu;
    const boot2 = mcu.flash.subarray(0, BOOT2_SIZE);
    const sum = new DataView(boot2.buffer, boot2.byteOffset).getUint32(BOOT2_SIZE - 4, true);
    if (crc32(boot2.subarray(0, BOOT2_SIZE - 4)) !== sum) throw new Error('the checksum of the second stage is wrong');
    for (let i = 0; i < BOOT2_SIZE; i++) mcu.writeUint8(BOOT2_AT + i, boot2[i]);
    core.enabledInterrupts = core.pendingInterrupts = 0;
    core.PM = core.waiting = false;
    core.IPSR = 0;
    core.currentMode = 0;
    core.SP = BOOT2_AT - 0x100;
    core.LR = 0;
    core.PC = BOOT2_AT;
    this.wantsReset = false;
  }

  /** Runs until this time, in nanoseconds of the board. */
  runUntil(end) {
    const { mcu, clock } = this;
    const { core } = mcu;
    while (clock.nanos < end) {
      if (this.wantsReset) this.boot();
      if (core.waiting) {
        const step = Math.min(clock.nextAlarm === null ? Infinity : clock.nanosToNextAlarm, end - clock.nanos);
        this.asleepNs += step;
        clock.tick(step);
        // An interrupt that is pending ends the wait, even a masked one: ARMv6-M B1.5.18.
        if (core.pendingInterrupts & core.enabledInterrupts) core.waiting = false;
      } else {
        clock.tick(core.executeInstruction() * (1e9 / mcu.clkSys));
      }
    }
  }
}
