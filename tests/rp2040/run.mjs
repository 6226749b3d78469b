// Runs a UF2 on an emulated Pico with a LIS3DH, from a request in JSON on a line of standard input:
//
//   {"uf2": FILE, "seconds": 10,          how long, by the board's clock
//    "samples": FILE,                     int16 x, y, z in milli-g, measured one after the other, then the last again
//    "rate": 1.0,                         how much faster than nominal the sensor's clock is
//    "address": 24 | null,                the sensor's, or none
//    "faults": {"17": "nack"},            transfers of the bus that fail
//    "send": [[0.5, "00.."]],             bytes (hexadecimal) for the UART and when
//    "port": 0}                           in real time, a TCP port that carries its bytes; printed as {"port": n}
//
// With a port it runs until standard input closes; without one it runs at once, and a list of requests is run one after
// the other. What happened is printed as a line of JSON each, "line" being what the UART sent (hexadecimal).
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Bus, Lis3dh } from './lis3dh.mjs';
import { Pico, WatchdogBite } from './pico.mjs';

const STEP_NS = 2e6;
const RECEIVE_ROOM = 24; // of the UART's 32 bytes

class Board {
  constructor(request) {
    this.pico = new Pico(readFileSync(request.uf2));
    const { mcu, clock } = this.pico;
    const bytes = request.samples === undefined ? Buffer.alloc(0) : readFileSync(request.samples);
    const samples = new Int16Array(new Uint8Array(bytes).buffer);
    const rest = samples.length > 0 ? [...samples.subarray(-3)] : [0, 0, 1000];
    const motion = (number) => (3 * number < samples.length ? [...samples.subarray(3 * number, 3 * number + 3)] : rest);
    const address = request.address === undefined ? 0x18 : request.address;
    this.sensor = new Lis3dh(clock, motion, { address, rate: request.rate ?? 1 });
    this.bus = new Bus(mcu.i2c[0], clock, address === null ? [] : [this.sensor], request.faults ?? {});
    this.uart = mcu.uart[0];
    this.output = [];
    this.uart.onByte = (value) => this.output.push(value);
    this.incoming = [];
    this.bitten = 0;
  }

  /** Runs to a time, in nanoseconds, with what waits for the UART. */
  runUntil(end) {
    while (this.incoming.length > 0 && this.uart.rxFIFO.itemCount < RECEIVE_ROOM) {
      this.uart.feedByte(this.incoming.shift());
    }
    this.pico.runUntil(end);
  }

  report() {
    const { pico, sensor } = this;
    return {
      seconds: pico.clock.nanos / 1e9,
      measured: sensor.taken,
      lost: sensor.lost,
      transfers: this.bus.transfers,
      lit: pico.lit,
      watchdog: this.bitten,
      asleep: pico.asleepNs / pico.clock.nanos,
    };
  }
}

function runAtOnce(request) {
  const board = new Board(request);
  const send = (request.send ?? []).map(([at, hex]) => [at * 1e9, Buffer.from(hex, 'hex')]);
  for (let now = STEP_NS; now <= request.seconds * 1e9; now += STEP_NS) {
    while (send.length > 0 && send[0][0] <= now) board.incoming.push(...send.shift()[1]);
    try {
      board.runUntil(now);
    } catch (error) {
      if (!(error instanceof WatchdogBite)) throw error;
      board.bitten = 1;
      break;
    }
  }
  console.log(JSON.stringify({ ...board.report(), line: Buffer.from(board.output).toString('hex') }));
}

/** In real time or slower: a host's patience is measured in seconds of its own. */
function serve(request) {
  const board = new Board(request);
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (data) => board.incoming.push(...data));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
  });
  server.listen(request.port, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
  const origin = performance.now();
  let ended = false;
  process.stdin.on('end', () => (ended = true));
  process.stdin.resume();
  const turn = () => {
    if (ended) {
      console.log(JSON.stringify(board.report()));
      process.exit(0);
    }
    const real = (performance.now() - origin) * 1e6;
    const deadline = performance.now() + 20;
    const { clock } = board.pico;
    while (clock.nanos < real && performance.now() < deadline) board.runUntil(clock.nanos + STEP_NS / 4);
    if (board.output.length > 0) {
      const chunk = Buffer.from(board.output.splice(0));
      for (const socket of sockets) socket.write(chunk);
    }
    setTimeout(turn, clock.nanos < real ? 0 : 1);
  };
  turn();
}

let text = '';
process.stdin.on('data', function first(data) {
  text += data.toString();
  if (!text.includes('\n')) return;
  process.stdin.off('data', first);
  const request = JSON.parse(text);
  if (Array.isArray(request)) request.forEach(runAtOnce);
  else serve(request);
});
