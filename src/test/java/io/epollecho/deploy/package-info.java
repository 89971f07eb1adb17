/** Tests of what runs the application elsewhere: the image and the Helm chart. */
@NullMarked
package io.epollecho.deploy;

import org.jspecify.annotations.NullMarked;
