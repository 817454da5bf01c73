export { curfewFastify } from './plugin.ts'
export type { CurfewFastifyOptions, Guard } from './plugin.ts'
export { bearerToken } from './bearer.ts'
