import type { Clock } from '../../core/clock.js';
import type { Deployment } from '../../redis/target.js';
import { ClusterSurvey } from './cluster-survey.js';
import { ReplicationSurvey } from './replication-survey.js';
import type { Survey } from './survey.js';

/** @param timeoutMs how long each server may take to answer, in milliseconds */
export function surveyOf(deployment: Deployment, timeoutMs: number, clock: Clock): Survey {
  return deployment.kind === 'cluster'
    ? new ClusterSurvey(deployment, timeoutMs, clock)
    : new ReplicationSurvey(deployment, timeoutMs, clock);
}
