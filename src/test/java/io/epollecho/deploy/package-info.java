/** Tests for the container image and the Helm chart. */
@NullMarked
package io.epollecho.deploy;

import org.jspecify.annotations.NullMarked;
