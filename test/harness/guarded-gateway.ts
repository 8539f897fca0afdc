/** Gateways behind HTTP authentication in each scheme; who is let in gets a cookie, which stands for the credentials. */
import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RealtimeOptions } from '../../lib/index.js'

export const schemes = ['Basic', 'Bearer', 'Digest MD5', 'Digest SHA-256', 'Digest MD5-sess', 'Digest without qop'] as const
export type Scheme = typeof schemes[number]

export const USERNAME = 'Ada "the first" Lovelace'
export const PASSWORD = 'pässword:with colon'
export const TOKEN = 'a.token~of/this+test=='

export interface Guard {
  /** How many requests were refused. */
  refused: number
  /** The requests that were let in: how, and by what header. */
  readonly admitted: { readonly method: string, readonly url: string, readonly by: 'cookie' | 'header' }[]
  /** The nonces that are good; without them the next digest is stale. */
  readonly nonces: Set<string>
  readonly options: RealtimeOptions
}

/** @param cookies whether a cookie is set, and believed */
export function guard (scheme: Scheme, cookies: boolean = true): Guard {
  const session = randomBytes(16).toString('hex')
  const nonces = new Set<string>()
  const all: Guard = {
    refused: 0,
    admitted: [],
    nonces,
    options: {
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        const byCookie = cookies && request.headers.cookie?.includes(`guard=${session}`) === true
        if (byCookie || isGood(scheme, request, nonces)) {
          all.admitted.push({ method: request.headers.upgrade === undefined ? request.method : 'UPGRADE', url: request.url, by: byCookie ? 'cookie' : 'header' })
          if (cookies && !byCookie) reply.header('set-cookie', [reply.getHeader('set-cookie'), `guard=${session}; Path=/; HttpOnly`].flat().filter(line => line !== undefined) as string[])
          return
        }
        all.refused++
        return reply.code(401).header('www-authenticate', challengeOf(scheme, request, nonces)).send('Who are you?')
      }
    }
  }
  return all
}

function challengeOf (scheme: Scheme, request: FastifyRequest, nonces: Set<string>): string[] {
  if (scheme === 'Basic') return ['Basic realm="the \\"inner\\" room, upstairs", charset="UTF-8"']
  if (scheme === 'Bearer') return ['Bearer realm="api", error="invalid_token"']
  const nonce = randomBytes(8).toString('hex')
  nonces.add(nonce)
  const stale = /nonce="/.test(request.headers.authorization ?? '') ? ', stale=true' : ''
  const digest = (algorithm: string, qop = ', qop="auth-int, auth"') => `Digest realm="vault", nonce="${nonce}", opaque="o", algorithm=${algorithm}${qop}${stale}`
  if (scheme === 'Digest without qop') return [digest('MD5', '')]
  if (scheme === 'Digest SHA-256') return [`${digest('SHA-512-256')}, ${digest('MD5')}`, digest('SHA-256')]
  return [digest(scheme.slice('Digest '.length))]
}

function isGood (scheme: Scheme, request: FastifyRequest, nonces: Set<string>): boolean {
  const { authorization = '' } = request.headers
  if (scheme === 'Basic') return authorization === `Basic ${Buffer.from(`Ada the first:${PASSWORD}`).toString('base64')}`
  if (scheme === 'Bearer') return authorization === `Bearer ${TOKEN}`
  const field = (name: string) => new RegExp(`\\b${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^,\\s]+))`).exec(authorization)?.slice(1).find(each => each !== undefined)?.replace(/\\(.)/g, '$1')
  const { nonce = '', nc, cnonce, uri, response, algorithm = 'MD5' } = Object.fromEntries(['nonce', 'nc', 'cnonce', 'uri', 'response', 'algorithm'].map(name => [name, field(name)]))
  const wanted = scheme === 'Digest without qop' ? 'MD5' : scheme.slice('Digest '.length)
  if (algorithm !== wanted || !nonces.has(nonce) || uri !== request.url || field('username') !== USERNAME) return false
  const hash = (text: string) => createHash(algorithm.startsWith('SHA') ? 'sha256' : 'md5').update(text).digest('hex')
  const plain = hash(`${USERNAME}:vault:${PASSWORD}`)
  const secret = algorithm.endsWith('-sess') ? hash(`${plain}:${nonce}:${cnonce}`) : plain
  const asked = hash(`${request.method}:${uri}`)
  return response === hash(scheme === 'Digest without qop' ? `${secret}:${nonce}:${asked}` : `${secret}:${nonce}:${nc}:${cnonce}:auth:${asked}`)
}
