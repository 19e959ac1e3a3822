import type { GeneralInfo } from '@portolan/api/system'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { getJson } from '../../../lib/api-client.ts'

const generalInfoQuery = queryOptions({
  queryKey: ['systeminfo'],
  queryFn: ({ signal }) => getJson<GeneralInfo>('/systeminfo', signal),
  staleTime: 60_000,
})

export function useGeneralInfo() {
  return useQuery(generalInfoQuery)
}
