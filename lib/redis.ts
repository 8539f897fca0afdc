/** `import { redis, redisHistory } from 'fastify-bayeux/redis'`: several nodes on one Redis. */
export { redis } from './backplanes/redis.js'
export type { RedisClient, RedisOptions } from './backplanes/redis.js'
export { redisHistory } from './histories/redis.js'
export type { RedisHistoryOptions } from './histories/redis.js'
