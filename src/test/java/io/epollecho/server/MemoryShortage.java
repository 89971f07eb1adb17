package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A lack of memory that occurs at a chosen point of the server's code. Points are all allocations,
 * all {@code invokedynamic} instructions, and all calls that leave the project, because any of
 * these may allocate memory; calls within the project have points inside. The points that the
 * chosen threads pass while the shortage is armed are numbered, so a test can try one after the
 * other.
 *
 * <p>The server's classes are loaded by a {@link Loader}, which inserts a call before each point.
 */
public final class MemoryShortage {

    @SuppressWarnings("StaticAssignmentOfThrowable") // thrown when there is no memory
    private static final OutOfMemoryError ERROR = new OutOfMemoryError("simulated");

    private static final AtomicLong passed = new AtomicLong();
    private static volatile @Nullable String threads;
    private static volatile long first;
    private static volatile long last;
    private static volatile boolean hit;
    private static volatile List<StackTraceElement> places = List.of();

    private MemoryShortage() {}

    /**
     * Arms the shortage.
     *
     * @param threads how the names of the threads begin
     * @param first the number of the first point that fails; a single point is of any kind
     * @param count the number of points; if several, only those that allocate fail
     */
    public static void arm(String threads, long first, long count) {
        passed.set(0);
        hit = false;
        places = List.of();
        MemoryShortage.first = first;
        MemoryShortage.last = first + count - 1;
        MemoryShortage.threads = threads;
    }

    /** Disarms the shortage and returns whether any point has failed. */
    public static boolean disarm() {
        threads = null;
        return hit;
    }

    /** Called before each point that allocates. */
    public static void allocation() {
        if (isDue()) {
            hit();
            throw ERROR;
        }
    }

    /** Called before each call that leaves the project. */
    public static void call() {
        if (isDue() && first == last) {
            hit();
            throw ERROR;
        }
    }

    private static void hit() {
        if (!hit) {
            places = List.of(new Throwable().getStackTrace()).subList(2, 6);
        }
        hit = true;
    }

    /** Returns the methods in which the last first point that failed is, the innermost first. */
    public static List<StackTraceElement> places() {
        return places;
    }

    private static boolean isDue() {
        String prefix = threads;
        if (prefix == null || !Thread.currentThread().getName().startsWith(prefix)) {
            return false;
        }
        long number = passed.getAndIncrement();
        return number >= first && number <= last;
    }

    /** Loads the project's classes again, those of the server with the points. */
    static final class Loader extends ClassLoader {

        private static final ClassDesc SHORTAGE = ClassDesc.of(MemoryShortage.class.getName());
        private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
        private static final String PROJECT = "io.epollecho.";

        /**
         * Their calls have no points: those of handles are compiled into what they do, once linked,
         * and a task is the project's own code, with points inside.
         */
        private static final Set<String> WITHOUT_POINTS =
                Set.of(
                        "java/lang/invoke/VarHandle",
                        "java/lang/invoke/MethodHandle",
                        "java/lang/Runnable");

        private static final List<String> WITH_POINTS =
                List.of("epoll.", "loop.", "server.", "stream.");

        private final List<String> loaded = new CopyOnWriteArrayList<>();

        Loader() {
            super(MemoryShortage.class.getClassLoader());
        }

        /** Returns the names of the server's classes in the order in which they were loaded. */
        List<String> loaded() {
            return loaded;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                return name.startsWith(PROJECT) && !name.equals(MemoryShortage.class.getName())
                        ? define(name)
                        : super.loadClass(name, resolve);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            Class<?> original = getParent().loadClass(name);
            byte[] bytes;
            try (var file =
                    original.getResourceAsStream(
                            name.substring(name.lastIndexOf('.') + 1) + ".class")) {
                bytes = file.readAllBytes();
            } catch (java.io.IOException e) {
                throw new ClassNotFoundException(name, e);
            }
            if (hasPoints(original)) {
                loaded.add(name);
                bytes = withPoints(bytes);
            }
            return defineClass(name, bytes, 0, bytes.length);
        }

        private static boolean hasPoints(Class<?> original) {
            String name = original.getName().substring(PROJECT.length());
            return WITH_POINTS.stream().anyMatch(name::startsWith)
                    && original.getProtectionDomain()
                            .getCodeSource()
                            .equals(EchoServer.class.getProtectionDomain().getCodeSource());
        }

        private static byte[] withPoints(byte[] bytes) {
            ClassFile format = ClassFile.of();
            return format.transformClass(
                    format.parse(bytes),
                    ClassTransform.transformingMethodBodies(
                            (builder, element) -> {
                                String point = pointBefore(element);
                                if (point != null) {
                                    builder.invokestatic(SHORTAGE, point, NOTHING);
                                }
                                builder.with(element);
                            }));
        }

        private static @Nullable String pointBefore(CodeElement element) {
            return switch (element) {
                case NewObjectInstruction _,
                        NewPrimitiveArrayInstruction _,
                        NewReferenceArrayInstruction _,
                        NewMultiArrayInstruction _,
                        InvokeDynamicInstruction _ ->
                        "allocation";
                case InvokeInstruction call when leavesTheProject(call) -> "call";
                default -> null;
            };
        }

        private static boolean leavesTheProject(InvokeInstruction call) {
            String owner = call.owner().asInternalName();
            return !owner.startsWith(PROJECT.replace('.', '/'))
                    && !WITHOUT_POINTS.contains(owner)
                    && !call.name().equalsString("<init>")
                    && !call.name().equalsString("unlock"); // allocates nothing
        }
    }
}
