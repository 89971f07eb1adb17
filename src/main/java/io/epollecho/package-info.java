/** The runnable application. The subpackages contain everything that it starts. */
@NullMarked
package io.epollecho;

import org.jspecify.annotations.NullMarked;
