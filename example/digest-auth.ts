/**
 * Digest authentication (RFC 7616), with SHA-256 or MD5: the password never goes over the wire. A signed cookie stands
 * for whoever passed, so that a browser's WebSocket, which cannot answer a challenge, is let in too.
 *
 *     npm run build && node dist/example/digest-auth.js
 *     curl -i http://localhost:3000/realtime                             # 401, two challenges
 *     curl -i --digest -u ada:lovelace http://localhost:3000/realtime    # 200, Set-Cookie: who=…
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import realtime from 'fastify-bayeux'

const REALM = 'news'
const SECRET = process.env.SECRET ?? randomUUID()
const NONCE_LIVES = Number(process.env.NONCE_LIVES ?? 60_000)
const algorithms = { 'SHA-256': 'sha256', MD5: 'md5' } as const

// In earnest: the hashes of name, realm and password, in a database.
const passwords = new Map([['ada', 'lovelace'], ['bob', 'builder']])

// A nonce is a signed time. In earnest, also remember the counts `nc` that were used, against replays.
const sign = (text: string) => createHmac('sha256', SECRET).update(text).digest('hex')
const nonceOf = (time: string) => `${time}.${sign(time)}`
const isOurs = (nonce: string) => nonce === nonceOf(nonce.split('.')[0] as string)
const isFresh = (nonce: string) => Date.now() - Number(nonce.split('.')[0]) < NONCE_LIVES

function answered ({ method, url, headers: { authorization = '' } }: FastifyRequest): { name: string, nonce: string } | null {
  const field = Object.fromEntries([...authorization.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain]))
  const { username: name, nonce = '', nc, cnonce, uri, response = '', algorithm } = field
  const password = passwords.get(name)
  if (!(algorithm in algorithms) || password === undefined || uri !== url || !isOurs(nonce)) return null
  const hash = (text: string) => createHash(algorithms[algorithm as keyof typeof algorithms]).update(text).digest('hex')
  const expected = hash(`${hash(`${name}:${REALM}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`)
  return response.length === expected.length && timingSafeEqual(Buffer.from(response), Buffer.from(expected)) ? { name, nonce } : null
}

async function guard (request: FastifyRequest, reply: FastifyReply) {
  const { valid, value } = request.unsignCookie(request.cookies.who ?? '')
  const answer = valid ? null : answered(request)
  const name = valid ? value : answer !== null && isFresh(answer.nonce) ? answer.name : null
  if (name !== null) {
    request.setDecorator('login', name)
    if (!valid) reply.setCookie('who', name, { signed: true, httpOnly: true, sameSite: 'lax', path: '/' })
    return
  }
  const challenge = `realm="${REALM}", qop="auth", nonce="${nonceOf(String(Date.now()))}"${answer === null ? '' : ', stale=true'}`
  return reply.code(401).header('www-authenticate', Object.keys(algorithms).map(algorithm => `Digest ${challenge}, algorithm=${algorithm}`)).send('Who are you?')
}

const app = Fastify()
await app.register(cookie, { secret: SECRET })
app.decorateRequest('login', '')
await app.register(realtime, { onRequest: guard, authenticate: request => request.getDecorator<string>('login') })

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
