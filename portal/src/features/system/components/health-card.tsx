import type { OverallHealthStatus } from '@portolan/api/system'
import { Badge, Descriptions, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { QueryCard } from '../../../components/query-card.tsx'
import { useHealth } from '../api/health.ts'

/** Whether the parts of the registry work, asked again every few seconds. */
export function HealthCard() {
  const { t } = useTranslation('system')
  const query = useHealth()

  return (
    <QueryCard title={t('health')} query={query} texts={{ failed: t('unavailable'), retry: t('retry') }}>
      {(health) => (
        <>
          <Typography.Paragraph strong>
            <Status status={health.status} />
          </Typography.Paragraph>
          <Descriptions
            bordered
            column={1}
            size="small"
            items={health.components.map(({ name, status, error }) => ({
              key: name,
              label: name,
              children: <Status status={status} error={error} />,
            }))}
          />
        </>
      )}
    </QueryCard>
  )
}

interface StatusProps {
  status: OverallHealthStatus['status']
  error?: string | undefined
}

function Status({ status, error }: StatusProps) {
  const { t } = useTranslation('system')
  const text = t(`status.${status}`)

  return (
    <Badge
      status={status === 'healthy' ? 'success' : 'error'}
      text={error === undefined ? text : `${text}: ${error}`}
    />
  )
}
