// Runs a UF2 on an emulated Pico with a LIS3DH, from a request in JSON on standard input:
//
//   {"uf2": FILE, "seconds": 10,          how long, by the board's clock; without it until standard input closes
//    "samples": FILE,                     int16 x, y, z in milli-g, measured one after the other, then the last again
//    "rate": 1.0,                         how much faster than nominal the sensor's clock is
//    "address": 24 | null,                the sensor's, or none
//    "faults": {"17": "nack"},            transfers of the bus that fail
//    "send": [[0.5, "00.."]],             bytes (hexadecimal) for the UART and when
//    "output": FILE,                      bytes of the UART
//    "port": 0}                           or, in real time, a TCP port that carries them; printed as {"port": n}
//
// and prints what happened as one line of JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Bus, Lis3dh } from './lis3dh.mjs';
import { Pico } from './pico.mjs';

const STEP_NS = 2e6;
const RECEIVE_ROOM = 24; // of the UART's 32 bytes

const lines = process.stdin[Symbol.asyncIterator]();
const request = JSON.parse((await lines.next()).value.toString());
const pico = new Pico(readFileSync(request.uf2));

const bytes = request.samples === undefined ? Buffer.alloc(0) : readFileSync(request.samples);
const samples = new Int16Array(new Uint8Array(bytes).buffer);
const rest = samples.length > 0 ? [...samples.subarray(-3)] : [0, 0, 1000];
const motion = (number) => (3 * number < samples.length ? [...samples.subarray(3 * number, 3 * number + 3)] : rest);
const address = request.address === undefined ? 0x18 : request.address;
const sensor = new Lis3dh(pico.clock, motion, { address, rate: request.rate ?? 1 });
const bus = new Bus(pico.mcu.i2c[0], pico.clock, address === null ? [] : [sensor], request.faults ?? {});
const uart = pico.mcu.uart[0];
const output = [];
uart.onByte = (value) => output.push(value);

const incoming = [];
function feed() {
  while (incoming.length > 0 && uart.rxFIFO.itemCount < RECEIVE_ROOM) uart.feedByte(incoming.shift());
}

function report() {
  const used = pico.mcu.core.registers;
  return {
    seconds: pico.clock.nanos / 1e9,
    measured: sensor.taken,
    lost: sensor.lost,
    transfers: bus.transfers,
    lit: pico.lit,
    watchdog: pico.watchdog,
    asleep: pico.asleepNs / pico.clock.nanos,
    pc: used[15],
  };
}

function runAtOnce() {
  const send = (request.send ?? []).map(([at, hex]) => [at * 1e9, Buffer.from(hex, 'hex')]);
  for (let now = STEP_NS; now <= request.seconds * 1e9; now += STEP_NS) {
    while (send.length > 0 && send[0][0] <= now) incoming.push(...send.shift()[1]);
    feed();
    pico.runUntil(now);
  }
  writeFileSync(request.output, Uint8Array.from(output));
  console.log(JSON.stringify(report()));
}

/** In real time or slower: a host's patience is measured in seconds of its own. */
function serve() {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (data) => incoming.push(...data));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
  });
  server.listen(request.port, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
  const origin = performance.now();
  let ended = false;
  process.stdin.on('end', () => (ended = true));
  process.stdin.on('data', () => {});
  const turn = () => {
    if (ended) {
      console.log(JSON.stringify(report()));
      process.exit(0);
    }
    const real = (performance.now() - origin) * 1e6;
    const deadline = performance.now() + 20;
    while (pico.clock.nanos < real && performance.now() < deadline) {
      feed();
      pico.runUntil(pico.clock.nanos + STEP_NS / 4);
    }
    if (output.length > 0) {
      const chunk = Buffer.from(output.splice(0));
      for (const socket of sockets) socket.write(chunk);
    }
    setTimeout(turn, pico.clock.nanos < real ? 0 : 1);
  };
  turn();
}

if (request.port === undefined) {
  runAtOnce();
} else {
  serve();
}
