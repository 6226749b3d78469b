// A LIS3DH at register level on an I2C controller of rp2040js, measuring milli-g that are given to it.
//
// Registers and FIFO as in its data sheet (DocID17530), sections 5.1 and 8.

const MG_PER_DIGIT = [1, 2, 4, 12];
const RATES_HZ = [0, 1, 10, 25, 50, 100, 200, 400];
const FIFO_SIZE = 32;
const BYTE_NS = 22_500; // nine bits at 400 kHz

export class Lis3dh {
  /** motion(number) gives the sample of that number, [x, y, z] in milli-g; clock is the part's own error, 1 is none. */
  constructor(clock, motion, { address = 0x18, rate = 1 } = {}) {
    this.address = address;
    this.motion = motion;
    this.rate = rate;
    this.taken = 0;
    this.lost = 0;
    this.fifo = [];
    this.registers = new Uint8Array(0x40);
    this.registers[0x0f] = 0x33;
    this.registers[0x20] = 0x07;
    this.alarm = clock.createAlarm(() => this.measure());
  }

  get periodNs() {
    const hz = RATES_HZ[this.registers[0x20] >> 4] ?? 0;
    return hz === 0 ? 0 : 1e9 / (hz * this.rate);
  }

  measure() {
    const streaming = (this.registers[0x24] & 0x40) !== 0 && this.registers[0x2e] >> 6 === 2;
    if (!streaming) {
      this.fifo = [];
    } else if (this.fifo.length === FIFO_SIZE) {
      this.fifo.shift();
      this.lost++;
    }
    this.fifo.push(this.motion(this.taken++));
    this.alarm.schedule(this.periodNs);
  }

  write(register, value) {
    if (register === 0x0f) return;
    const before = this.periodNs;
    this.registers[register] = value;
    if (register === 0x2e && value >> 6 === 0) this.fifo = [];
    if (this.periodNs !== before) {
      this.alarm.cancel();
      if (this.periodNs > 0) this.alarm.schedule(this.periodNs);
    }
  }

  source() {
    const level = this.fifo.length;
    const mark = level >= (this.registers[0x2e] & 0x1f);
    return (mark << 7) | ((level === FIFO_SIZE) << 6) | ((level === 0) << 5) | Math.min(level, 31);
  }

  read(register) {
    if (register === 0x2f) return this.source();
    if (register < 0x28 || register > 0x2d) return this.registers[register];
    const mg = this.fifo.length > 0 ? this.fifo[0][(register - 0x28) >> 1] : 0;
    const digits = Math.round(mg / MG_PER_DIGIT[(this.registers[0x23] >> 4) & 3]);
    const word = Math.max(-2048, Math.min(2047, digits)) << 4;
    if (register === 0x2d) this.fifo.shift();
    return register & 1 ? (word >> 8) & 0xff : word & 0xff;
  }
}

/**
 * Puts parts on a bus. faults maps the number of a transfer (counted from 0) to what happens to it: "nack", nobody
 * acknowledges, or "stuck", the bus does not move until the controller is switched off.
 */
export class Bus {
  constructor(controller, clock, parts, faults = {}) {
    this.controller = controller;
    this.parts = parts;
    this.faults = faults;
    this.transfers = 0;
    this.part = null;
    this.register = null;
    this.after = (action) => {
      const epoch = this.epoch;
      clock.createAlarm(() => epoch === this.epoch && action()).schedule(BYTE_NS);
    };
    this.epoch = 0;
    this.attach();
  }

  attach() {
    const { controller } = this;
    controller.onStart = () => controller.completeStart();
    controller.onConnect = (address) => this.connect(address);
    controller.onWriteByte = (value) => this.after(() => this.write(value));
    controller.onReadByte = () => this.after(() => this.read());
    controller.onStop = () => {
      this.register = null;
      controller.completeStop();
    };
    // Switching the controller off ends whatever it does (RP2040 data sheet, section 4.3.10.3); rp2040js goes on.
    const write = controller.writeUint32.bind(controller);
    controller.writeUint32 = (offset, value) => {
      if (offset === 0x6c && (value & 1) === 0) {
        this.epoch++;
        this.register = null;
        controller.state = 0;
        controller.busy = controller.stop = controller.pendingRestart = false;
      }
      write(offset, value);
    };
  }

  connect(address) {
    if (this.register === null) {
      this.fault = this.faults[this.transfers++];
      this.register = undefined;
    }
    this.part = this.parts.find((part) => part.address === address);
    if (this.fault === 'stuck') return;
    this.after(() => this.controller.completeConnect(this.part !== undefined && this.fault !== 'nack'));
  }

  write(value) {
    if (this.register === undefined) {
      this.register = value;
    } else {
      this.part.write(this.register & 0x7f, value);
      this.next();
    }
    this.controller.completeWrite(true);
  }

  read() {
    const value = this.part.read(this.register & 0x7f);
    this.next();
    this.controller.completeRead(value);
  }

  next() {
    if (this.register & 0x80) this.register = this.register === 0xad ? 0xa8 : this.register + 1;
  }
}
