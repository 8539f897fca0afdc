import { createServer } from 'node:http'
import { listen } from './listen.js'
import { Parking } from './parking.js'
import type { Start } from './target.js'

/** Polls parked on node:http, each answered with the events that came for it. */
export const start: Start = async () => {
  const parking = new Parking<(text: string) => void>((answer, text) => answer(text))
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const [{ clientId }] = JSON.parse(Buffer.concat(chunks).toString())
      const answer = (text: string) => {
        response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', 'Content-Length': Buffer.byteLength(text) })
        response.end(text)
      }
      if (request.url === '/poll') return parking.park(clientId, answer)
      parking.open(clientId)
      answer('[]')
    })
  })
  return { port: await listen(server), publish: number => parking.publish(number) }
}
