/**
 * The status page of the runnable jar, and what keeps strangers' web pages away from it. It is not
 * in the starter: a host's root path is its own.
 */
@NullMarked
package io.epollecho.spring.page;

import org.jspecify.annotations.NullMarked;
