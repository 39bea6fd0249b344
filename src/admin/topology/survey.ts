import type { TopologyPicture } from './picture.js';

/** Looks at where Redis is, again and again. What does not answer is part of the picture: nothing is thrown for it. */
export interface Survey extends Disposable {
  look(): Promise<TopologyPicture>;
}
