/**
 * The slices of server/src, highest first: each may use those above its own line, in imports
 * (.dependency-cruiser.mjs) and in what its stores read (text-rules.ts), and never one below.
 */
export const SLICES = [
  'settings',
  'access',
  'users',
  'groups',
  'roles',
  'jobs',
  'projects',
  'members',
  'robots',
  'auth',
  'labels',
  'quotas',
  'audit',
  'repositories',
  'blobs',
  'artifacts',
  'selectors',
  'immutability',
  'retention',
  'gc',
  'scrub',
  'webhooks',
  'dead-letters',
  'search',
  'statistics',
  'system',
]
