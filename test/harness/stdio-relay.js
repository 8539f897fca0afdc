/**
 * A program whose other end is a socket of a test: `node stdio-relay.js PORT`. What comes on stdin goes
 * there, what comes from there goes to stdout. It ends with 0 when the test ends, with 3 when that resets.
 */
import { connect } from 'node:net'

const socket = connect({ port: Number(process.argv[2]), host: '127.0.0.1', allowHalfOpen: true })
process.stdin.pipe(socket)
socket.pipe(process.stdout, { end: false })
socket.on('end', () => process.stdout.write('', () => process.exit(0)))
socket.on('error', () => process.exit(3))
