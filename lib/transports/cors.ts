import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Lets pages of an allowed foreign origin read the answers, cookies included, unless a plugin of the
 * host already did.
 */
export function allowOrigin (request: FastifyRequest, reply: FastifyReply): void {
  if (reply.hasHeader('access-control-allow-origin')) return
  reply.headers({
    'access-control-allow-origin': request.headers.origin,
    'access-control-allow-credentials': 'true',
    vary: [reply.getHeader('vary'), 'Origin'].flat().filter(name => name !== undefined).join(', ')
  })
}

/** Answers a preflight. */
export function preflight (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(204).headers({
    allow: 'GET, POST, OPTIONS',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? 'content-type',
    'access-control-max-age': '86400'
  }).send()
}
