/** The runnable application; everything that it starts is in the packages below. */
@NullMarked
package io.epollecho;

import org.jspecify.annotations.NullMarked;
