import type { OverallHealthStatus } from '@portolan/api/system'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { getJson } from '../../../lib/api-client.ts'

const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => getJson<OverallHealthStatus>('/health', signal),
  refetchInterval: 10_000,
})

export function useHealth() {
  return useQuery(healthQuery)
}
