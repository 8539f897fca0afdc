/** Cuts what a client sends into lines, and hangs up on a line without end. */
import type { Socket } from 'node:net'

const LONGEST = 16 * 1024

/** @param onLine told of each line, without its end; empty ones are left out */
export function incomingLines (socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop() as string
    for (const line of lines) if (line !== '') onLine(line)
    if (rest.length > LONGEST) socket.destroy()
  })
}
