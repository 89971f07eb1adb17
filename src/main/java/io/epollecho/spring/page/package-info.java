/**
 * The status page of the runnable jar, and the filter that refuses web pages of other hosts. The
 * starter does not contain it, because a host's root path is its own.
 */
@NullMarked
package io.epollecho.spring.page;

import org.jspecify.annotations.NullMarked;
