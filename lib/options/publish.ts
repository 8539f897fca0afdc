/** The option of the endpoint for publishing over HTTP. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Awaitable } from './service.js'
import { func } from './schema-pieces.js'

/** The option `publish`. There is no way to switch it on without saying who may. */
export const PublishSchema = Type.Object({
  authorize: func<(request: FastifyRequest) => Awaitable<boolean>>('may whoever sent this request publish?')
}, { additionalProperties: false, expected: '{ authorize }: a function that says who may publish', description: 'publish what is posted to {path}/publish' })

export type PublishOptions = Static<typeof PublishSchema>
