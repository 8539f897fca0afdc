export { redis } from './backplanes/redis.js'
export type { RedisClient, RedisOptions } from './backplanes/redis.js'
